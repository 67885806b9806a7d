"""Delivering in pieces: begin, ask how far it is, send the next piece. After the manner of tus 1.0.

``POST /deliveries/begin/`` announces names, lengths and hashes and answers with the addresses of the files; announcing
the same files again gives the delivery that is on its way, or that has just arrived
(``sent_already``). ``HEAD`` on a file's address says with ``Upload-Offset`` how much has arrived, ``PATCH`` sends what
begins there. The last piece completes the delivery by itself.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.deliveries import acts, arriving
from ctdc.hub.studio.deliveries.announced import read_announced
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.receipt import as_receipt
from ctdc.hub.studio.deliveries.tokened import accepts_tokens
from ctdc.hub.studio.deliveries.visible import visible
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, shows, takes

OFFSET = "Upload-Offset"
PIECE = "application/offset+octet-stream"


@accepts_tokens
@takes(Act.DELIVER)
def begin(request: Request) -> HttpResponse:
    """Announce a delivery. 201 with the addresses of its files, 200 when it is on its way already, or was sent."""
    try:
        document: Any = parse_json(request.body)
    except BadDocument:
        document = None
    files = read_announced(document)
    replaces = _replaced(request, document)
    found = acts.open_delivery(request.user, files, replaces)
    already = found is not None and found.received is not None
    delivery = found or acts.begin(request.user, files, replaces)
    if already and "Authorization" not in request.headers:
        messages.info(request, text("deliveries.sent_already"))  # above the page to which the browser goes
    elif found:
        _complete(request, found)  # whoever took its last piece may have been killed before this
    answer = JsonResponse(_as_json(delivery) | {"sent_already": already}, status=200 if found else 201)
    answer["Location"] = reverse("deliveries:one", args=[delivery.pk])
    return answer


def _complete(request: Request, delivery: Delivery) -> None:
    """Complete a delivery when all of it is here; somebody else may have done so at the same time."""
    if DeliveryFile.objects.filter(delivery=delivery, offset__lt=F("length")).exists():
        return
    try:
        acts.complete(request.user, delivery)
    except Refused as error:
        delivery.refresh_from_db()
        if error.detail.code != "delivery.state" or delivery.received is None:
            raise
    delivery.refresh_from_db()


def _replaced(request: Request, document: dict[str, Any]) -> Delivery | None:
    number = document.get("replaces")
    return get_object_or_404(visible(request), pk=number) if isinstance(number, int) else None


def _as_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery": delivery.pk,
        "state": delivery.state,
        "page": reverse("deliveries:one", args=[delivery.pk]),
        "receipt": reverse("deliveries:receipt", args=[delivery.pk]),
        "largest_piece": arriving.MOST_BYTES,
        "files": [
            {
                "address": reverse("deliveries:piece", args=[delivery.pk, file.position]),
                "offset": file.offset,
                "length": file.length,
            }
            for file in delivery.files.all()
        ],
    }


@accepts_tokens
@takes(Act.DELIVER, "PATCH", "HEAD")
def piece(request: Request, number: int, position: int) -> HttpResponse:
    """Say how much of a file has arrived, or take the next piece."""
    mine = visible(request).filter(organisation_id=request.user.organisation_id)
    delivery = get_object_or_404(mine, pk=number)
    file = get_object_or_404(
        DeliveryFile.objects.select_related("delivery__organisation"), delivery=delivery, position=position
    )
    if request.method == "HEAD":
        return _offset(file.offset, file.length)
    if request.content_type != PIECE or not request.headers.get(OFFSET, "").isdecimal():
        raise UserError("delivery.piece", text("deliveries.refused.piece"), allowed=f"{PIECE}, {OFFSET}")
    arrived = arriving.receive(request.user, file, int(request.headers[OFFSET]), request.body)
    _complete(request, delivery)
    return _offset(arrived, file.length)


def _offset(offset: int, length: int) -> HttpResponse:
    headers = {OFFSET: str(offset), "Upload-Length": str(length), "Cache-Control": "no-store"}
    return HttpResponse(status=204, headers=headers)


@accepts_tokens
@shows(Act.SEE_DELIVERIES)
def receipt(request: Request, number: int) -> HttpResponse:
    """The receipt as a file: what was taken, when, and what became of it."""
    delivery = get_object_or_404(visible(request), pk=number)
    answer = JsonResponse(as_receipt(delivery), json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="receipt-{delivery.pk}.json"'
    return answer
