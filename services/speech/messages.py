"""What is said when something goes wrong, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.content import Language
from services.errors import (
    AllProvidersFailed,
    LimitExceeded,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    SpeechNotUnderstood,
)
from services.speech.base import LanguageNotHeard

Key = Literal[
    "rate_limited",
    "not_understood",
    "language_not_heard",
    "no_speech",
    "busy",
    "timeout",
    "unavailable",
    "internal",
]

# Hindi and Marathi address the listener politely and in the plural (आप, तुम्ही), whose verbs need not know a gender.
MESSAGES: Mapping[Key, Mapping[Language, str]] = {
    "rate_limited": {
        "en": "Rate limit exceeded. Please wait before making another request.",
        "hi": "अनुरोधों की सीमा पार हो गई है। कृपया अगला अनुरोध करने से पहले थोड़ी देर रुकें।",
        "mr": "विनंत्यांची मर्यादा ओलांडली आहे. कृपया पुढची विनंती करण्यापूर्वी थोडा वेळ थांबा.",
    },
    "not_understood": {
        "en": "Sorry, I could not understand that. Please ask your question again, slowly and clearly.",
        "hi": "माफ़ कीजिए, आपकी बात समझ में नहीं आई। कृपया अपना सवाल धीरे और साफ़ आवाज़ में फिर से पूछिए।",
        "mr": "माफ करा, तुमचे बोलणे समजले नाही. कृपया तुमचा प्रश्न हळू आणि स्पष्ट आवाजात पुन्हा विचारा.",
    },
    "language_not_heard": {
        "en": "I cannot understand this language without a network. Please ask in English.",
        "hi": "बिना नेटवर्क के हिंदी बोली समझी नहीं जा सकती। कृपया अंग्रेज़ी में पूछिए।",
        "mr": "नेटवर्कशिवाय मराठी बोलणे समजू शकत नाही. कृपया इंग्रजीत विचारा.",
    },
    "no_speech": {
        "en": "I did not hear anything. Please hold the microphone closer and ask again.",
        "hi": "कुछ सुनाई नहीं दिया। कृपया माइक्रोफ़ोन को पास लाकर फिर से पूछिए।",
        "mr": "काही ऐकू आले नाही. कृपया मायक्रोफोन जवळ धरून पुन्हा विचारा.",
    },
    "busy": {
        "en": "The service is busy right now. Please try again in a minute.",
        "hi": "सेवा अभी व्यस्त है। कृपया एक मिनट बाद फिर से कोशिश कीजिए।",
        "mr": "सेवा सध्या व्यस्त आहे. कृपया एका मिनिटानंतर पुन्हा प्रयत्न करा.",
    },
    "timeout": {
        "en": "The answer took too long. Your question is kept. Please try again.",
        "hi": "जवाब आने में बहुत देर लगी। आपका सवाल सहेजा गया है। कृपया फिर से कोशिश कीजिए।",
        "mr": "उत्तर यायला खूप वेळ लागला. तुमचा प्रश्न जतन केला आहे. कृपया पुन्हा प्रयत्न करा.",
    },
    "unavailable": {
        "en": "The service is not available right now. Please try again later.",
        "hi": "सेवा अभी उपलब्ध नहीं है। कृपया बाद में फिर से कोशिश कीजिए।",
        "mr": "सेवा सध्या उपलब्ध नाही. कृपया नंतर पुन्हा प्रयत्न करा.",
    },
    "internal": {
        "en": "Something went wrong on our side. Please try again.",
        "hi": "हमारी ओर से कोई गड़बड़ी हुई है। कृपया फिर से कोशिश कीजिए।",
        "mr": "आमच्याकडून काही चूक झाली आहे. कृपया पुन्हा प्रयत्न करा.",
    },
}


def message(key: Key, language: Language) -> str:
    """The sentence for `key`."""
    return MESSAGES[key][language]


# The first row that an error is an instance of decides.
_KEYS: tuple[tuple[type[Exception], Key], ...] = (
    (SpeechNotUnderstood, "not_understood"),
    (LimitExceeded, "rate_limited"),
    (LanguageNotHeard, "language_not_heard"),
    (ProviderRateLimited, "busy"),
    (ProviderTimeout, "timeout"),
    (ProviderError, "unavailable"),
)


def key_of(error: Exception) -> Key:
    """The message that tells a listener of an error. Of several providers' failures it is the last one's, or, where
    one had no ear for the language, that: the others will not help without a network."""
    if isinstance(error, AllProvidersFailed):
        if any(isinstance(cause, LanguageNotHeard) for cause in error.causes):
            return "language_not_heard"
        return key_of(error.causes[-1])
    if isinstance(error, SpeechNotUnderstood) and error.code == "no_speech":
        return "no_speech"
    return next((key for kind, key in _KEYS if isinstance(error, kind)), "internal")
