"""Public pages of a company, mounted last at the root: the first part of their address is the company's own choice."""

from django.urls import path

from maru.helpcenter.views import company, request, status

app_name = "helpcenter"
urlpatterns = [
    path("<slug:slug>", company.company, name="company"),
    path("<slug:slug>/", company.tidy, name="tidy"),
    path("<slug:slug>/request", request.request_form, name="request"),
    path("<slug:slug>/request/done/<slug:nonce>", request.done, name="done"),
    path("<slug:slug>/status", status.lookup, name="lookup"),
    path("<slug:slug>/status/<str:number>", status.status, name="status"),
    path("<slug:slug>/status/<str:number>/progress", status.progress, name="progress"),
    path("<slug:slug>/status/<str:number>/answer", status.answer, name="answer"),
    path("<slug:slug>/files/<slug:token>", status.file, name="file"),
    path("<slug:slug>/colours.css", company.colours, name="colours"),
    path("<slug:slug>/privacy", company.privacy, name="privacy"),
]
