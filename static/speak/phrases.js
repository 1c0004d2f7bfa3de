// What this view says by itself, in the languages the server speaks.

const PHRASES = {
  en: {
    ask: "Ask by voice",
    stop: "Stop and send",
    look: "What is in front of me?",
    listening: "Listening. Press again to send.",
    sent: "Sent. Waiting for the answer.",
    answer: "The answer is playing.",
    silent: "The answer is here. Press “Hear it again” to hear it.",
    noPicture: "First use the camera or choose a picture.",
    short: "That was too short. Press, speak, then press again.",
    dropped: "What you said was thrown away.",
  },
  hi: {
    ask: "बोलकर पूछें",
    stop: "रोकें और भेजें",
    look: "मेरे सामने क्या है?",
    listening: "सुन रहे हैं। भेजने के लिए फिर दबाएँ।",
    sent: "भेज दिया। उत्तर की प्रतीक्षा है।",
    answer: "उत्तर सुनाया जा रहा है।",
    silent: "उत्तर आ गया है। सुनने के लिए “Hear it again” दबाएँ।",
    noPicture: "पहले कैमरा चालू करें या कोई तस्वीर चुनें।",
    short: "यह बहुत छोटा था। दबाएँ, बोलें, फिर दबाएँ।",
    dropped: "आपने जो कहा, वह हटा दिया गया।",
  },
  mr: {
    ask: "बोलून विचारा",
    stop: "थांबवा आणि पाठवा",
    look: "माझ्या समोर काय आहे?",
    listening: "ऐकत आहे. पाठवण्यासाठी पुन्हा दाबा.",
    sent: "पाठवले. उत्तराची वाट पाहत आहे.",
    answer: "उत्तर ऐकवले जात आहे.",
    silent: "उत्तर आले आहे. ऐकण्यासाठी “Hear it again” दाबा.",
    noPicture: "आधी कॅमेरा सुरू करा किंवा चित्र निवडा.",
    short: "ते खूप लहान होते. दाबा, बोला, पुन्हा दाबा.",
    dropped: "तुम्ही जे बोललात ते काढून टाकले.",
  },
};

/** A phrase in a language; English for one that is not known. */
export const phrase = (name, language) => (PHRASES[language] ?? PHRASES.en)[name];
