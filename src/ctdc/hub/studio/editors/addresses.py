"""The addresses of Wagtail that are open to editors and translators; all others answer nobody.

Promise: what a new version of Wagtail or of wagtail-localize brings is closed until it is named here. Pictures,
documents, embeds, redirects, sites, users, groups, collections and languages are not here: charts come from releases,
pictures of people are not wanted, and people and roles are the studio's own.
"""

from __future__ import annotations

OPEN = frozenset(
    {
        "wagtailadmin_home",
        "wagtailadmin_sprite",
        "wagtailadmin_javascript_catalog",
        "wagtailadmin_dismissibles",
        "wagtailadmin_editing_sessions:ping",
        "wagtailadmin_editing_sessions:release",
        "wagtailadmin_explore_root",
        "wagtailadmin_explore",
        "wagtailadmin_explore_results",
        "wagtailadmin_api:pages:listing",
        "wagtailadmin_api:pages:detail",
        *(
            f"wagtailadmin_pages:{name}"
            for name in (
                "add",
                "preview_on_add",
                "add_subpage",
                "edit",
                "preview_on_edit",
                "view_draft",
                "delete",
                "unpublish",
                "search",
                "search_results",
                "usage",
                "workflow_action",
                "collect_workflow_action_data",
                "confirm_workflow_cancellation",
                "workflow_preview",
                "workflow_history",
                "workflow_history_detail",
                "revisions_index",
                "revisions_view",
                "revisions_revert",
                "revisions_unschedule",
                "revisions_compare",
                "history",
                "history_results",
                "unlock",
            )
        ),
        "wagtailadmin_reports:workflow",
        "wagtailadmin_reports:workflow_results",
        "wagtailadmin_reports:workflow_tasks",
        "wagtailadmin_reports:workflow_tasks_results",
        *(
            f"wagtail_localize:{name}"
            for name in (
                "javascript_catalog",
                "submit_page_translation",
                "edit_string_translation",
                "download_pofile",
                "preview_translation",
                "translations_report",
                "translations_report_results",
            )
        ),
    }
)
