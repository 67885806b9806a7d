"""Letters of the studio: plain text, in the language of whoever gets one.

Promise: a letter holds no value of a case, and no image or link that tells that it was read. A letter that cannot be
sent stops nobody's work: the log of the process names the fault, without the address.
"""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation

from ctdc.hub.studio.web.texts import text

_log = logging.getLogger(__name__)


def send(to: str, language: str, key: str, **values: object) -> bool:
    """Send the letter `key`, ``APP.letter.NAME``, of which a catalogue has ``.subject`` and ``.body``.

    False when it could not be sent.
    """
    with translation.override(language):
        subject = " ".join(text(f"{key}.subject", hub=settings.STUDIO.settings.hub).split())
        close = text("web.letter.close", hub=settings.STUDIO.settings.hub, address=settings.STUDIO.address)
        body = f"{text(f'{key}.body', **values)}\n\n{close}\n"
    try:
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to]).send()
    except (OSError, SMTPException) as error:
        _log.error("the letter %s could not be sent: %s", key, type(error).__name__)
        return False
    return True
