// What this view says by itself, in the languages the server speaks.

import { byId, make } from "../dom.js";

const PHRASES = {
  en: {
    title: "Speak and listen",
    how: "Press {Space} to begin to speak and again to send. {Esc} throws away what you said, or stops the voice.",
    empty: "Point the camera at something, or choose a picture.",
    camera: "Use camera",
    cameraOn: "Camera is on",
    choose: "Choose picture",
    again: "Hear it again",
    hush: "Stop the voice",
    retry: "Send again",
    type: "Or type the question…",
    language: "Language",
    detect: "Detect",
    speed: "Speed of the voice",
    said: "What was said before",
    forget: "Forget all of it",
    forgetAsk: "Everything that was asked and answered here is forgotten. This cannot be undone.",
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
    title: "बोलें और सुनें",
    how: "बोलना शुरू करने के लिए {Space} दबाएँ और भेजने के लिए फिर दबाएँ। {Esc} आपकी कही बात हटाता है या आवाज़ रोकता है।",
    empty: "कैमरा किसी चीज़ की ओर करें या कोई तस्वीर चुनें।",
    camera: "कैमरा चलाएँ",
    cameraOn: "कैमरा चालू है",
    choose: "तस्वीर चुनें",
    again: "फिर सुनें",
    hush: "आवाज़ रोकें",
    retry: "फिर भेजें",
    type: "या प्रश्न लिखें…",
    language: "भाषा",
    detect: "पहचानें",
    speed: "आवाज़ की गति",
    said: "पहले क्या कहा गया",
    forget: "सब भूल जाएँ",
    forgetAsk: "यहाँ पूछी और बताई गई हर बात भुला दी जाएगी। यह वापस नहीं हो सकता।",
    ask: "बोलकर पूछें",
    stop: "रोकें और भेजें",
    look: "मेरे सामने क्या है?",
    listening: "सुन रहे हैं। भेजने के लिए फिर दबाएँ।",
    sent: "भेज दिया। उत्तर की प्रतीक्षा है।",
    answer: "उत्तर सुनाया जा रहा है।",
    silent: "उत्तर आ गया है। सुनने के लिए “फिर सुनें” दबाएँ।",
    noPicture: "पहले कैमरा चालू करें या कोई तस्वीर चुनें।",
    short: "यह बहुत छोटा था। दबाएँ, बोलें, फिर दबाएँ।",
    dropped: "आपने जो कहा, वह हटा दिया गया।",
  },
  mr: {
    title: "बोला आणि ऐका",
    how: "बोलायला सुरुवात करण्यासाठी {Space} दाबा आणि पाठवण्यासाठी पुन्हा दाबा. {Esc} तुम्ही बोललेले काढून टाकते किंवा आवाज थांबवते.",
    empty: "कॅमेरा एखाद्या वस्तूकडे धरा किंवा चित्र निवडा.",
    camera: "कॅमेरा वापरा",
    cameraOn: "कॅमेरा चालू आहे",
    choose: "चित्र निवडा",
    again: "पुन्हा ऐका",
    hush: "आवाज थांबवा",
    retry: "पुन्हा पाठवा",
    type: "किंवा प्रश्न लिहा…",
    language: "भाषा",
    detect: "ओळखा",
    speed: "आवाजाचा वेग",
    said: "आधी काय बोलले गेले",
    forget: "सर्व विसरा",
    forgetAsk: "येथे विचारलेले आणि सांगितलेले सर्व विसरले जाईल. हे परत आणता येणार नाही.",
    ask: "बोलून विचारा",
    stop: "थांबवा आणि पाठवा",
    look: "माझ्या समोर काय आहे?",
    listening: "ऐकत आहे. पाठवण्यासाठी पुन्हा दाबा.",
    sent: "पाठवले. उत्तराची वाट पाहत आहे.",
    answer: "उत्तर ऐकवले जात आहे.",
    silent: "उत्तर आले आहे. ऐकण्यासाठी “पुन्हा ऐका” दाबा.",
    noPicture: "आधी कॅमेरा सुरू करा किंवा चित्र निवडा.",
    short: "ते खूप लहान होते. दाबा, बोला, पुन्हा दाबा.",
    dropped: "तुम्ही जे बोललात ते काढून टाकले.",
  },
};

/** The language the view is in: the one that is chosen, else the browser's, if it is one of them. */
export function spoken(chosen) {
  const wanted = chosen || navigator.language.slice(0, 2);
  return Object.hasOwn(PHRASES, wanted) ? wanted : "en";
}

/** A phrase in a language; English for one that is not known. */
export const phrase = (name, language) => (PHRASES[language] ?? PHRASES.en)[name];

/** Put an element's words; `{Esc}` is a key. */
export function put(element, name, language) {
  const parts = phrase(name, language).split(/\{(\w+)\}/);
  element.replaceChildren(...parts.map((part, index) => (index % 2 ? make("kbd", {}, part) : part)));
  element.lang = language;
}

/** Put the words of the whole view. */
export function showPhrases(language) {
  for (const element of byId("view-speak").querySelectorAll("[data-phrase]")) put(element, element.dataset.phrase, language);
  byId("speak-question").placeholder = phrase("type", language);
}
