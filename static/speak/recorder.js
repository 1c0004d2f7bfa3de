// The microphone as samples at 16 kHz, one channel.

export const RATE = 16_000;
const LONGEST_S = 60;
const TONE_S = 0.12;
const COLLECTOR = new URL("collector.js", import.meta.url);

export class Recorder {
  /**
   * Begin to record; a rising tone says so.
   *
   * @param {{onLevel: (loudness: number) => void, onFull: () => void}} told `onLevel` gets 0 to 1, `onFull` is called
   *   when the longest recording is reached
   * @throws what `getUserMedia` throws
   */
  static async start(told) {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no microphone here", "NotSupportedError");
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const context = new AudioContext();
    await context.audioWorklet.addModule(COLLECTOR);
    return new Recorder(stream, context, told);
  }

  constructor(stream, context, { onLevel, onFull }) {
    this.stream = stream;
    this.context = context;
    this.pieces = [];
    this.count = 0;
    this.tone(660, 880);
    const collector = new AudioWorkletNode(context, "collector", { numberOfOutputs: 0 });
    collector.port.onmessage = ({ data }) => {
      this.pieces.push(data);
      this.count += data.length;
      onLevel(Math.min(1, 3 * Math.sqrt(data.reduce((sum, sample) => sum + sample * sample, 0) / data.length)));
      if (this.count > LONGEST_S * context.sampleRate) onFull();
    };
    context.createMediaStreamSource(stream).connect(collector);
  }

  /** End; a falling tone says so. */
  async stop() {
    for (const track of this.stream.getTracks()) track.stop();
    this.tone(880, 660);
    const samples = await this.resampled();
    setTimeout(() => this.context.close(), 400);
    return samples;
  }

  async resampled() {
    if (!this.count) return new Float32Array();
    const { sampleRate } = this.context;
    const offline = new OfflineAudioContext(1, Math.ceil((this.count * RATE) / sampleRate), RATE);
    const buffer = offline.createBuffer(1, this.count, sampleRate);
    const channel = buffer.getChannelData(0);
    let at = 0;
    for (const piece of this.pieces) {
      channel.set(piece, at);
      at += piece.length;
    }
    const source = offline.createBufferSource();
    source.buffer = buffer;
    source.connect(offline.destination);
    source.start();
    return (await offline.startRendering()).getChannelData(0);
  }

  tone(from, to) {
    const { context } = this;
    const loud = context.createGain();
    loud.gain.value = 0.08;
    const wave = context.createOscillator();
    wave.frequency.setValueAtTime(from, context.currentTime);
    wave.frequency.setValueAtTime(to, context.currentTime + TONE_S / 2);
    wave.connect(loud).connect(context.destination);
    wave.start();
    wave.stop(context.currentTime + TONE_S);
  }
}
