"""Addresses of accounts. ``engine_urlpatterns`` go without a namespace: the engine looks them up by its own names."""

from django.urls import path, re_path

from maru.accounts.views import profile, proving, second_factor, signing
from maru.accounts.views.common import awake_account

app_name = "accounts"

urlpatterns = [
    path("sign-in", signing.sign_in, name="sign_in"),
    path("sign-out", signing.sign_out, name="sign_out"),
    path("forgot-password", signing.forgot, name="forgot"),
    path("reset-password/<str:uid>/<str:token>", signing.reset, name="reset"),
    path("account", profile.profile, name="profile"),
    path("account/avatar", profile.avatar, name="avatar"),
    path("account/security", profile.security, name="security"),
    path("account/mail", profile.change_mail, name="change_mail"),
    path("account/mail/confirm", profile.confirm_mail, name="confirm_mail"),
    path("account/mail/<str:token>", signing.mail, name="mail"),
    path("account/password", profile.change_password, name="change_password"),
    path("account/devices", profile.sessions, name="sessions"),
    path("account/confirm/go-on", proving.go_on, name="go_on"),
    path("account/back", proving.back, name="back"),
    path("account/unlock", proving.unlock, name="unlock"),
    re_path(r"^media/avatars/(?P<token>[A-Za-z0-9_-]{22})\.webp$", profile.picture, name="picture"),
]

engine_urlpatterns = [
    path("sign-in", signing.sign_in, name="account_login"),
    path("sign-in/inactive", signing.inactive, name="account_inactive"),
    path("sign-in/second-step", second_factor.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey", second_factor.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("account/confirm", second_factor.ConfirmPassword.as_view(), name="account_reauthenticate"),
    path("account/confirm/code", second_factor.ConfirmCode.as_view(), name="mfa_reauthenticate"),
    path("account/confirm/passkey", second_factor.ConfirmPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("account/security", profile.security, name="mfa_index"),
    path("account/security", profile.security, name="mfa_list_webauthn"),
    path("account/security/app", awake_account(second_factor.AppOn.as_view()), name="mfa_activate_totp"),
    path("account/security/app/off", awake_account(second_factor.AppOff.as_view()), name="mfa_deactivate_totp"),
    path("account/security/codes", awake_account(second_factor.Codes.as_view()), name="mfa_view_recovery_codes"),
    path(
        "account/security/codes/new",
        awake_account(second_factor.NewCodes.as_view()),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/security/codes/file",
        awake_account(second_factor.CodesFile.as_view()),
        name="mfa_download_recovery_codes",
    ),
    path("account/security/passkey", awake_account(second_factor.PasskeyOn.as_view()), name="mfa_add_webauthn"),
    path(
        "account/security/passkey/<int:pk>",
        awake_account(second_factor.PasskeyName.as_view()),
        name="mfa_edit_webauthn",
    ),
    path(
        "account/security/passkey/<int:pk>/off",
        awake_account(second_factor.PasskeyOff.as_view()),
        name="mfa_remove_webauthn",
    ),
    path("account/devices", profile.sessions, name="usersessions_list"),
]
