"""The password of an outside mailbox can be replaced, never found out."""

from dataclasses import replace
from typing import Any

import pytest

from maru.accounts.roles import member_actor
from maru.core.errors import Invalid
from maru.inboxes.commands import MailboxData, save_mailbox


def test_a_stored_password_goes_to_no_other_server(service: Any, admin: Any) -> None:
    actor = member_actor(admin)
    data = MailboxData(service.id, "help@ab.example", "imap.ab.example", secret="correct horse")
    mailbox = save_mailbox(actor, data=data)
    kept = replace(data, secret="")
    save_mailbox(actor, data=replace(kept, folder="Help"), mailbox_id=mailbox.id)
    for elsewhere in (
        replace(kept, host="imap.evil.example"),
        replace(kept, port=1143),
        replace(kept, security="none"),
    ):
        with pytest.raises(Invalid) as refused:
            save_mailbox(actor, data=elsewhere, mailbox_id=mailbox.id)
        assert "secret" in refused.value.fields
        save_mailbox(actor, data=replace(elsewhere, secret="another"), mailbox_id=mailbox.id)
        save_mailbox(actor, data=data, mailbox_id=mailbox.id)
