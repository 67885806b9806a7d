"""Django's settings of a studio, made of what its folder says (`CTDC_STUDIO`).

Promise: nothing here is chosen by looking at a request; a studio is either reached by https, with every cookie and
header that goes with it, or on this machine alone.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from ctdc.hub.studio.place import from_environment
from ctdc.standard.languages import AUTONYMS, DEFAULT
from ctdc.standard.languages import LANGUAGES as SERVED

STUDIO = from_environment()

SECRET_KEY = STUDIO.secret()
DEBUG = False
ALLOWED_HOSTS = [STUDIO.host]
ROOT_URLCONF = "ctdc.hub.studio.urls"
WSGI_APPLICATION = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "ctdc_people.Person"

INSTALLED_APPS = [
    "ctdc.hub.studio.web",
    "ctdc.hub.studio.people",
    "ctdc.hub.studio.entrance",
    "ctdc.hub.studio.events",
    "ctdc.hub.studio.jobs",
    "ctdc.hub.studio.desk",
    "ctdc.hub.studio.agreements",
    "ctdc.hub.studio.mappings",
    "ctdc.hub.studio.deliveries",
    "ctdc.hub.studio.listening",
    "ctdc.hub.studio.editors",
    "ctdc.hub.studio.bench",
    "ctdc.hub.studio.demonstration",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail_localize",
    "wagtail_localize.locales",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ctdc.hub.studio.web.middleware.Headers",
    "ctdc.hub.studio.web.middleware.Gate",
    "ctdc.hub.studio.editors.middleware.Explained",
]

TEMPLATES: list[dict[str, Any]] = [
    {  # our own pages; first, so that they stand in the place of the libraries' pages of the same name
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "ctdc.hub.studio.web.jinja.environment",
            "context_processors": [
                "django.contrib.messages.context_processors.messages",
                "ctdc.hub.studio.web.jinja.around",
            ],
        },
    },
    {  # the pages of Wagtail
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ctdc.hub.studio.demonstration.rules.around",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    if STUDIO.settings.database == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": STUDIO.folder / "studio.sqlite3",
            "OPTIONS": {
                # A transaction that will write says so at its start: otherwise two of them can only fail.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    named = os.environ.get("CTDC_STUDIO_DATABASE", "")
    if not named.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("CTDC_STUDIO_DATABASE must be postgresql://USER:PASSWORD@HOST/NAME")
    # Each request has a thread of its own, so that no connection can stay with a thread: requests take one from a pool,
    # which looks first whether the database is still there. On a page it saves what signing in to it takes.
    parsed: dict[str, Any] = dict(dj_database_url.parse(named, conn_max_age=0, conn_health_checks=True))
    parsed["OPTIONS"] = {**parsed.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 20, "timeout": 5}}
    return parsed


DATABASES = {"default": _database()}
CACHES = {
    # Limits of attempts are counted here: all processes of the studio have to see the same counts.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "ctdc_cache",
        # Many more than an attacker can bring in before they run out: what is dropped early is a count of attempts.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

# ---- who is there -----------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "ctdc.hub.studio.entrance.passwords.NotAboutHere"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
# Asking for a new password takes as long whether or not there is an account that a letter goes to.
PASSWORD_RESET_TAKES = 2.0  # seconds
PASSWORD_RESET_TIMEOUT = 3600  # seconds that the link of a letter works
ACCOUNT_ADAPTER = "ctdc.hub.studio.entrance.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
# An address is known to be somebody's because they were invited by it; nobody changes their own.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
# A letter to whoever is not here would tell a stranger's mailbox about this hub.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_TIMEOUT = 600  # seconds between the password and the second step
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    # Wrong passwords or codes. Whoever knows an address can hold its password back, but not its passkey.
    "login_failed": "20/m/ip,5/5m/key,100/d/key",
    "reset_password": "10/m/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
_FORMS = "ctdc.hub.studio.entrance.forms."
ACCOUNT_FORMS = {
    "login": _FORMS + "Login",
    "reset_password": _FORMS + "ResetPassword",
    "reset_password_from_key": _FORMS + "NewPassword",
    "change_password": _FORMS + "ChangePassword",
    "reauthenticate": _FORMS + "Reauthenticate",
}
# A studio that is reached by https stands behind one proxy, whose word on where somebody comes from is taken.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if STUDIO.is_secure else 0
MFA_ADAPTER = "ctdc.hub.studio.entrance.adapter.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = STUDIO.settings.hub
MFA_TOTP_TOLERANCE = 1  # half minutes that a phone's clock may be off
MFA_RECOVERY_CODE_DIGITS = 12
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = {"webauthn_login": "10/m/ip"}
MFA_FORMS = {
    "authenticate": _FORMS + "SecondStep",
    "reauthenticate": _FORMS + "SecondStepAgain",
    "activate_totp": _FORMS + "AddApp",
    "add_webauthn": _FORMS + "AddKey",
    "edit_webauthn": _FORMS + "NameKey",
}
# Browsers hold this machine's own address for safe.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not STUDIO.is_secure
USERSESSIONS_ADAPTER = "ctdc.hub.studio.entrance.adapter.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False

# ---- sessions, forms, headers ------------------------------------------------------------------------------------

LONGEST_SESSION = timedelta(hours=8)
LONGEST_REST = timedelta(minutes=30)
SESSION_COOKIE_AGE = int(LONGEST_SESSION.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
if STUDIO.is_secure:
    LANGUAGE_COOKIE_NAME = "__Host-language"
SESSION_COOKIE_NAME = "__Host-session" if STUDIO.is_secure else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = STUDIO.is_secure
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-form" if STUDIO.is_secure else "form"
MESSAGE_STORAGE = "ctdc.hub.studio.web.said.Said"
CSRF_FAILURE_VIEW = "ctdc.hub.studio.web.pages.form_refused"
CSRF_TRUSTED_ORIGINS = [STUDIO.address]
SECURE_SSL_REDIRECT = STUDIO.is_secure
SECURE_HSTS_SECONDS = 31_536_000 if STUDIO.is_secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = STUDIO.is_secure
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if STUDIO.is_secure else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail shows its own previews in a frame
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of a form; deliveries come in pieces, not in forms
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of any body: `web.bodies` lets no larger one in, so none is spooled
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# ---- words -------------------------------------------------------------------------------------------------------

USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = DEFAULT
LANGUAGES = [(code, AUTONYMS[code]) for code in SERVED]
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAIL_I18N_ENABLED = True
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES

# ---- the rest ----------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = STUDIO.folder / "static"
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = STUDIO.folder / "media"
MEDIA_URL = "media/"

DEFAULT_FROM_EMAIL = SERVER_EMAIL = STUDIO.settings.sender
EMAIL_TIMEOUT = 10  # seconds that a silent server of mail is waited for
if STUDIO.settings.mail == "folder":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(STUDIO.mail)
else:
    EMAIL_HOST = os.environ.get("CTDC_STUDIO_MAIL_HOST", "localhost")
    EMAIL_PORT = int(os.environ.get("CTDC_STUDIO_MAIL_PORT", "587"))
    EMAIL_HOST_USER = os.environ.get("CTDC_STUDIO_MAIL_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("CTDC_STUDIO_MAIL_PASSWORD", "")
    EMAIL_USE_TLS = True

WAGTAIL_SITE_NAME = STUDIO.settings.hub
WAGTAILADMIN_BASE_URL = STUDIO.address
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_USAGE_COUNT_ENABLED = False
WAGTAILEMBEDS_FINDERS: list[dict[str, str]] = []
WAGTAILADMIN_LOGIN_URL = LOGIN_URL
WAGTAILADMIN_COMMENTS_ENABLED = True
WAGTAIL_ALLOW_UNICODE_SLUGS = False  # the site's addresses are of Latin letters
WAGTAIL_FINISH_WORKFLOW_ACTION = "ctdc.hub.studio.editors.moderation.publish_approved"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False

# What a request holds is never logged: Django's own report of a fault would have its fields.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "ctdc.hub.studio.web.logs.Plain"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "WARNING", "propagate": True}},
}
