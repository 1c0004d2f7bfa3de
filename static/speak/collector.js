// Runs in the audio thread: hands the microphone's samples on, one channel.

class Collector extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) this.port.postMessage(input[0].slice());
    return true;
  }
}

registerProcessor("collector", Collector);
