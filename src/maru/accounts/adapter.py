"""How sign-in fits the house."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up happens through companies and invitations only."""


class MfaAdapter(DefaultMFAAdapter):
    """Second factors."""
