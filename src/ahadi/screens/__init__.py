"""The screens: pages for people. Server-rendered HTML that works without script, kept up to date where there is."""

from pathlib import Path

from fastapi import FastAPI

from ahadi.platform.web import Router, Statics
from ahadi.screens import (
    acting_pages,
    audit_pages,
    board_pages,
    booking_pages,
    brand,
    case_deeds,
    case_forms,
    case_list,
    case_page,
    chat_pages,
    component_pages,
    composer_pages,
    contact_pages,
    customer_bookings,
    customer_pages,
    directory_forms,
    directory_pages,
    file_pages,
    first_run_pages,
    form_pages,
    kept_pages,
    live,
    me_pages,
    message_pages,
    notice_pages,
    notification_pages,
    offer_pages,
    palette_pages,
    portal_settings,
    promise_pages,
    rota_asks,
    rota_forms,
    rota_pages,
    rota_patterns,
    rule_deeds,
    rule_pages,
    rule_versions,
    search_pages,
    security_pages,
    settings_access,
    settings_mail,
    settings_organisation,
    settings_pages,
    settings_retention,
    settings_sign_in,
    settings_sms,
    settings_work,
    sign_in_pages,
    sso_pages,
    template_pages,
    wall_pages,
    widget_pages,
)
from ahadi.screens.notification_wording import NotificationWording
from ahadi.screens.pages import Screens
from ahadi.screens.problem_pages import problem_page

ROUTERS: tuple[Router, ...] = (
    sso_pages.router,
    sign_in_pages.router,
    me_pages.router,
    security_pages.router,
    acting_pages.router,
    settings_sign_in.router,
    case_list.router,
    search_pages.router,
    case_forms.router,
    case_deeds.router,
    composer_pages.router,
    case_page.router,
    chat_pages.router,
    file_pages.router,
    promise_pages.router,
    wall_pages.router,
    board_pages.router,
    directory_pages.router,
    directory_forms.router,
    rota_pages.router,
    rota_forms.router,
    rota_patterns.router,
    rota_asks.router,
    booking_pages.router,
    notice_pages.router,
    notification_pages.router,
    offer_pages.router,
    palette_pages.router,
    message_pages.router,
    contact_pages.router,
    customer_pages.router,
    customer_bookings.router,
    form_pages.router,
    brand.router,
    portal_settings.router,
    widget_pages.router,
    kept_pages.router,
    audit_pages.router,
    first_run_pages.router,
    settings_pages.router,
    settings_access.router,
    settings_retention.router,
    settings_organisation.router,
    settings_work.router,
    settings_mail.router,
    settings_sms.router,
    template_pages.router,
    rule_pages.router,
    rule_deeds.router,
    rule_versions.router,
    component_pages.router,
    live.router,
)


def install_screens(app: FastAPI, statics: Statics, folder: Path | None = None) -> None:
    """Give the application its pages, compiled (kept in the folder), and people a page for each problem."""
    screens = Screens(statics, folder)
    screens.compile_all()
    app.state.screens = screens
    app.state.problem_page = problem_page


__all__ = ["ROUTERS", "NotificationWording", "Screens", "install_screens"]
