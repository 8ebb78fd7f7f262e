"""Addresses of organizations. ``people_…`` are mounted in the namespace ``accounts``: they are about people."""

from django.urls import path

from maru.organizations.views import awake, desk, entrance, groups, information, invitation, members

app_name = "organizations"

urlpatterns = [
    path("", entrance.landing, name="landing"),
    path("find", entrance.find, name="find"),
    path("terms", entrance.terms, name="terms"),
    path("privacy", entrance.privacy, name="privacy"),
    path("desk", desk.chooser, name="chooser"),
    path("desk/<slug:slug>", desk.desk, name="desk"),
]

desk_urlpatterns = [
    path("organization", information.information, name="information"),
    path("organization/do", information.action, name="action"),
    path("awake", awake.awake, name="awake"),
]

people_urlpatterns = [
    path("sign-up", entrance.sign_up, name="sign_up"),
    path("sign-up/address", entrance.address_check, name="address_check"),
    path("join", entrance.join, name="join"),
    path("invitation/<str:token>", invitation.invitation, name="invitation"),
]

people_desk_urlpatterns = [
    path("members", members.members, name="members"),
    path("members/invite", members.invite, name="invite"),
    path("members/<int:member_id>", members.member, name="member"),
    path("members/<int:member_id>/do", members.member_action, name="member_action"),
    path("invitations/<int:invitation_id>/do", members.invitation_action, name="invitation_action"),
    path("groups", groups.groups, name="groups"),
    path("groups/new", groups.create, name="group_create"),
    path("groups/<int:group_id>", groups.change, name="group"),
]
