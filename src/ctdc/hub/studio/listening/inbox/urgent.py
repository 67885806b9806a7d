"""Messages in which somebody may ask for help, found by words of five languages.

Promise: this only moves a message up and says why; whether somebody asks for help is decided by a person who reads it.
It is wrong often, by design: a message too many at the top costs a minute, one too few may cost more.
"""

from __future__ import annotations

import re
import unicodedata

# Beginnings of words, or words that follow each other, without marks and in lower case. What people write about the
# data of this site, such as the names of crimes, is not among them.
WORDS = {
    "en": (
        "help me|help us|i need help|need your help|please help|emergenc|in danger|i am afraid|i.m afraid|scared|"
        "threaten|rescue|trapped|locked (?:in|up)|i was trafficked|forc(?:e|es|ed) me|beat(?:s|en)? me|hits? me|suicid|"
        "kill (?:me|myself)|my passport|my documents|my boss|run away|call the police"
    ),
    "fr": (
        "aidez.moi|aidez.nous|aide.moi|besoin d.aide|au secours|urgence|en danger|j.ai peur|menac|m.enfuir|enferme|"
        "me force|m.oblige|me frappe|me bat|suicid|me tuer|mon passeport|mes papiers|mon patron|ma patronne|la police"
    ),
    "de": (
        "hilf mir|helfen sie|helft|brauche hilfe|notfall|in gefahr|habe angst|bedroht|weglaufen|fliehen|eingesperrt|"
        "zwingt mich|zwingen mich|schlagt mich|suizid|bringt mich um|umbringen|mein(?:en)? pass|mein chef|meine chefin|"
        "die polizei"
    ),
    "es": (
        "ayudame|ayudenme|ayudeme|ayudenos|necesito ayuda|socorro|auxilio|emergencia|en peligro|tengo miedo|amenaza|"
        "escaparme|encerrad|me obliga|me fuerza|me pega|me golpea|suicid|me mata|matarme|mi pasaporte|mis papeles|"
        "mi jefe|mi jefa|la policia"
    ),
    "ar": (
        "ساعدوني|ساعدني|ساعدونا|محتاجة? مساعدة|احتاج مساعدة|احتاج الي مساعدة|النجدة|انقذوني|انقذني|في خطر|خائف|خايف|"
        "يهدد|اهرب|محبوس|محتجز|يضربني|يجبرني|اجبروني|انتحار|يقتلني|اقتل نفسي|جواز سفري|جوازي|كفيلي|طوارئ|الشرطة"
    ),
}
_ALIKE = str.maketrans({"ى": "ي", "’": ".", "'": ".", "\u0640": None})


def may_ask_for_help(text: str) -> bool:
    """Whether a message has words that somebody who asks for help might use, whatever language its page has."""
    return _ANY.search(re.sub(r"\s+", " ", _plain(text))) is not None


def _plain(text: str) -> str:
    """In lower case, without accents and other marks, so that spellings meet."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(_ALIKE)


_ANY = re.compile(rf"(?<!\w)(?:ال|وال)?(?:{_plain('|'.join(WORDS.values()))})")
