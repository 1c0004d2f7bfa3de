// WAV files: PCM, 16 bit, one channel (http://soundfile.sapp.org/doc/WaveFormat/).

const HEADER_BYTES = 44;

/**
 * @param {Float32Array} samples from -1 to 1; what is beyond is cut off
 * @param {number} rate samples a second
 * @returns {Blob} audio/wav
 */
export function wavOf(samples, rate) {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + samples.length * 2));
  const tag = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  tag(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format that follow
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes a second
  view.setUint16(32, 2, true); // bytes of one sample
  view.setUint16(34, 16, true); // bits of one sample
  tag(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, i) => {
    const cut = Math.max(-1, Math.min(1, sample));
    view.setInt16(HEADER_BYTES + i * 2, cut < 0 ? cut * 0x8000 : cut * 0x7fff, true);
  });
  return new Blob([view.buffer], { type: "audio/wav" });
}
