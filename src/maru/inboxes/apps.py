from django.apps import AppConfig


class InboxesConfig(AppConfig):
    name = "maru.inboxes"
    label = "inboxes"
    default_auto_field = "django.db.models.BigAutoField"
