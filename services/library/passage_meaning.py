"""The middle of the meanings of documents: what passages of every kind, and questions about them, have in common."""

from __future__ import annotations

from services.meaning.base import Embedder
from services.meaning.centred import Centred

VERSION = 1
"""Count it up when the texts below change; all vectors are made anew then."""
PASSAGES = """
Introduction. This chapter explains how the book is arranged and for whom it was written.
Payment is made within thirty days. The buyer bears the cost of transport, and the price includes taxes.
Press the button for three seconds until the light turns green, then close the lid and wait.
The committee met on Tuesday and agreed on the budget for the coming year; two members voted against it.
Item | Quantity | Price. Pens | 12 | 3.50. Paper | 4 | 9.00
She walked slowly down the road that evening, thinking of her brother and of the house by the river.
The results show a clear difference between the two groups, which earlier studies had not found.
Heat the oil in a pan, add the onions, and stir for five minutes. Serve with rice.
Employees may apply for leave in writing. The manager replies within a week.
The population of the district grew quickly after the railway came in the nineteenth century.
Definition: a function is continuous at a point if small changes of its argument change its value little.
The patient should rest, drink enough water, and see a doctor if the fever lasts longer than three days.
यह अध्याय बताता है कि पुस्तक किस प्रकार लिखी गई है और किन पाठकों के लिए है।
आवेदन पत्र दो प्रतियों में जमा करें। शुल्क वापस नहीं किया जाएगा।
बैठक में अगले वर्ष के बजट पर चर्चा हुई और सभी सदस्यों ने सहमति दी।
गाँव के लोग खेती करते हैं और सर्दियों में मेला लगता है। नदी के किनारे एक पुराना मंदिर है।
बीमारी से बचने के लिए हाथ धोएँ, साफ पानी पिएँ और समय पर डॉक्टर को दिखाएँ।
बटन को तीन सेकंड तक दबाएँ, फिर ढक्कन बंद करें और प्रतीक्षा करें।
हा विभाग पुस्तकाची रचना आणि त्याचे वाचक यांविषयी सांगतो.
अर्ज दोन प्रतींमध्ये सादर करावा. शुल्क परत केले जाणार नाही.
सभेत पुढील वर्षाच्या अंदाजपत्रकावर चर्चा झाली आणि सर्व सदस्यांनी संमती दिली.
गावातील लोक शेती करतात आणि हिवाळ्यात जत्रा भरते. नदीकाठी एक जुने देऊळ आहे.
आजार टाळण्यासाठी हात धुवावेत, स्वच्छ पाणी प्यावे आणि वेळेवर डॉक्टरांना दाखवावे.
बटण तीन सेकंद दाबून ठेवा, नंतर झाकण बंद करा आणि थांबा.
""".strip().split("\n")
QUERIES = """
how does this work
what does it cost
who is responsible for this
when does it begin
the address of the office
reasons for the decision
how to install it
what are the rules
summary of the results
what happens if I am late
contact number
history of the place
which documents are needed
side effects
how many people are there
list of parts
यह कैसे काम करता है
इसकी कीमत कितनी है
कौन जिम्मेदार है
कब शुरू होता है
क्या नियम हैं
कौन से दस्तावेज चाहिए
इतिहास
देर होने पर क्या होगा
हे कसे काम करते
याची किंमत किती आहे
कोण जबाबदार आहे
कधी सुरू होते
काय नियम आहेत
कोणती कागदपत्रे लागतात
इतिहास काय आहे
उशीर झाल्यास काय होईल
""".strip().split("\n")


def centred(embedder: Embedder) -> Centred:
    """The embedder of passages and of questions about them."""
    return Centred(embedder, PASSAGES, QUERIES, f"documents-{VERSION}")
