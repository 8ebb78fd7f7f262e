"""Django settings, all taken from the environment (docs/how-to/run-it-for-real.md lists the variables)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from maru.core.embedded.urls import database_urls, django_database
from maru.core.environment import load

ENVIRONMENT = load()
PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = False
_public = urlsplit(ENVIRONMENT.public_url)
_is_https = _public.scheme == "https"
# Names of this machine even while only it can reach us: a page elsewhere may point its own name here (DNS rebinding).
ALLOWED_HOSTS = [_public.hostname or "", "127.0.0.1", "[::1]", "localhost", ".localhost"]
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.public_url]
ROOT_URLCONF = "maru.config.urls"
WSGI_APPLICATION = "maru.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "maru.core",
    "maru.ui",
    "maru.accounts",
    "maru.organizations",
    "maru.inboxes",
    "maru.customers",
    "maru.tickets",
    "maru.notifications",
    "maru.channels",
    "maru.helpcenter",
    "maru.api",
    "maru.config",
]

MIDDLEWARE = [
    "maru.config.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "maru.config.middleware.Viewer",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "maru.config.middleware.NamedErrors",
]

TEMPLATES = [
    {
        "BACKEND": "maru.ui.jinja.MaruJinja2",
        "NAME": "jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "maru.ui.jinja.environment",
            "context_processors": ["django.contrib.messages.context_processors.messages"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

_urls = database_urls(ENVIRONMENT)
DATABASES = {"default": django_database(_urls.app), "owner": django_database(_urls.owner)}
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
# Half of a list page's time in PostgreSQL is planning; binding on the server lets it keep prepared plans.
DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5, "application_name": "maru"}

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_RESET_TIMEOUT = 3600
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/desk"
LOGOUT_REDIRECT_URL = "/"

SESSION_COOKIE_NAME = "__Host-maru" if _is_https else "maru_session"
SESSION_COOKIE_SECURE = _is_https
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
CSRF_COOKIE_NAME = "__Host-maru-csrf" if _is_https else "maru_csrf"
CSRF_COOKIE_SECURE = _is_https
CSRF_FAILURE_VIEW = "maru.ui.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.trusted_proxies else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

LANGUAGE_CODE = "en"
LANGUAGES = [("ko", "한국어"), ("ja", "日本語"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "maru_language"
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = PACKAGE / "ui" / "dist"
WHITENOISE_MAX_AGE = 31_536_000
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(ENVIRONMENT.files), "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
# Attempts are counted in the database (maru.accounts.guard), where all processes see them.
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
MFA_RECOVERY_CODES_SHOW_ONCE = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_ADAPTER = "maru.accounts.adapter.AccountAdapter"
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _is_https
MFA_TOTP_ISSUER = "Maru"
MFA_ADAPTER = "maru.accounts.adapter.MfaAdapter"
USERSESSIONS_TRACK_ACTIVITY = False

EMAIL_BACKEND = "maru.channels.outgoing.OutboxBackend"
DEFAULT_FROM_EMAIL = f"Maru <no-reply@{ENVIRONMENT.mail_domain}>"

PROCRASTINATE_ON_APP_READY = "maru.config.jobs.on_app_ready"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "maru": {"level": "INFO"},
        "procrastinate": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
