"""Files of a public form: kept by number when another field was wrong, so that nobody has to choose them twice."""

import re
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.errors import Invalid
from maru.core.files import FileRules, store_file
from maru.core.models import StoredFile
from maru.core.tenancy import tenant
from maru.helpcenter.queries import kept_files
from maru.helpcenter.thresholds import count_upload
from maru.helpcenter.views.common import PublicRequest

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,60}")


@dataclass(slots=True)
class Uploads:
    """What one form carries: files kept from before and new ones, and what was wrong with the rest."""

    files: list[StoredFile] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [stored.id for stored in self.files]

    @property
    def error(self) -> str:
        return " ".join(self.errors)


def take_uploads(request: PublicRequest, actor: Actor, rules: FileRules, network: str) -> Uploads:
    """Store the form's new files and find those it kept. Each file is for itself: a bad one does not lose the others.

    :raises TooMany: this network uploads too much.
    """
    given = request.FILES.getlist("files")
    wanted = [token for token in request.POST.getlist("kept") if _TOKEN.fullmatch(token)]
    uploads = Uploads()
    if wanted:
        with tenant(actor.organization_id):
            uploads.files = kept_files(wanted, rules.limit)
        if len(uploads.files) < len(set(wanted)):
            uploads.errors.append(_("A file is no longer there. Please attach it again."))
    for upload in given:
        if len(uploads.files) >= rules.limit:
            uploads.errors.append(
                _("At most %(n)s files. “%(name)s” was left out.")
                % {"n": rules.limit, "name": (upload.name or "")[:120]}
            )
            continue
        count_upload(network)
        try:
            uploads.files.append(
                store_file(actor, name=upload.name or "", source=cast(BinaryIO, upload.file), allowed=rules)
            )
        except Invalid as refused:
            uploads.errors.append(refused.fields["files"])
    return uploads
