"""The icons of the pages: our own line drawings on a grid of 20 by 20, coloured by the text that they stand beside."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

ICONS = {
    "today": "M3.5 9 10 3.5 16.5 9v7.5h-4.5v-4.5h-4v4.5h-4.5z",
    "people": "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 17c0-3 2.3-5 5.5-5s5.5 2 5.5 5M13 9.3a2.7 2.7 0 1 0-.7-5.2"
    "M15 12.4c1.9.6 3 2.2 3 4.6",
    "cases": "M3 6.5h14v10h-14zM7.5 6.5v-3h5v3M3 11h14",
    "teams": "M3 3.5h6v6h-6zM11 3.5h6v6h-6zM3 11.5h6v5h-6zM11 11.5h6v5h-6z",
    "report": "M5 2.5h7l3.5 3.5v11.5h-10.5zM12 2.5v3.5h3.5M8 10.5h5M8 13.5h5",
    "question": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.8 8a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.8"
    "M10 14.2v.1",
    "import": "M10 3v9.5M6.5 9 10 12.5 13.5 9M3.5 14v2.5h13v-2.5",
    "model": "M3 16.5h14M3.5 13.5l4-5 3.5 3 5.5-7.5",
    "left": "M11.5 3.5h-7.5v13h7.5M8.5 10h8.5M14 7l3 3-3 3",
    "simulate": "M4 5.5h5M13 5.5h3M4 14.5h3M11 14.5h5M11 3.5v4M9 12.5v4",
    "log": "M5.5 4.5h11M5.5 10h11M5.5 15.5h11M2.8 4.5h.1M2.8 10h.1M2.8 15.5h.1",
    "eye": "M2 10c2-3.7 4.7-5.5 8-5.5s6 1.8 8 5.5c-2 3.7-4.7 5.5-8 5.5s-6-1.8-8-5.5z"
    "M10 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6z",
    "schedule": "M3 5h14v12h-14zM3 8.5h14M7 3v3.5M13 3v3.5",
    "data": "M10 7c3.6 0 6-1 6-2.25s-2.4-2.25-6-2.25-6 1-6 2.25 2.4 2.25 6 2.25z"
    "M4 4.75v10.5c0 1.25 2.4 2.25 6 2.25s6-1 6-2.25v-10.5M4 10c0 1.25 2.4 2.25 6 2.25s6-1 6-2.25",
    "compliance": "M10 2.5 16 5v5c0 3.6-2.4 6.2-6 7.5-3.6-1.3-6-3.9-6-7.5v-5zM7.2 10l2 2 3.6-4",
    "settings": "M10 12.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z"
    "M10 2.5v2.2M10 15.3v2.2M2.5 10h2.2M15.3 10h2.2M4.7 4.7l1.6 1.6M13.7 13.7l1.6 1.6M15.3 4.7l-1.6 1.6"
    "M6.3 13.7l-1.6 1.6",
    "account": "M10 9.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.5 17.5c0-3.4 2.8-5.5 6.5-5.5s6.5 2.1 6.5 5.5",
    "language": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.5c2.5 2 3.5 4.6 3.5 7.5s-1 5.5-3.5 7.5"
    "c-2.5-2-3.5-4.6-3.5-7.5s1-5.5 3.5-7.5",
    "theme": "M16.5 11.5a6.8 6.8 0 1 1-8-8 5.5 5.5 0 0 0 8 8z",
    "key": "M7 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10.5 10h7v3M14.5 10v2.5",
    "lock": "M5 9h10v8h-10zM7 9v-2.5a3 3 0 0 1 6 0v2.5M10 12v2",
    "search": "M8.7 14.2a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM12.8 12.8 17 17",
    "close": "M5 5l10 10M15 5 5 15",
    "more": "M6 8l4 4 4-4",
    "menu": "M3 5.5h14M3 10h14M3 14.5h14",
    "save": "M5.5 3h9v14l-4.5-3.5-4.5 3.5z",
    "download": "M10 3v9.5M6.5 9l3.5 3.5 3.5-3.5M3.5 16.5h13",
    "compare": "M4 4h5v12h-5zM11 4h5v12h-5z",
    "keyboard": "M2.5 5.5h15v9h-15zM5.5 8.5h.1M8.5 8.5h.1M11.5 8.5h.1M14.5 8.5h.1M6.5 11.7h7",
    "print": "M5.5 8v-5h9v5M5.5 14.5h-3v-6.5h15v6.5h-3M5.5 12h9v5h-9z",
    "previous": "M12 5l-5 5 5 5",
    "next": "M8 5l5 5-5 5",
    "up": "M10 16v-12M5.5 8.5 10 4l4.5 4.5",
    "down": "M10 4v12M5.5 11.5 10 16l4.5-4.5",
}


def icon(name: str) -> SafeString:
    """An icon as it stands in a page; screen readers pass over it, so its text stands beside it."""
    return _DRAWN[name]


_DRAWN = {
    name: format_html(
        '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        mark_safe(path),  # noqa: S308 - of this module
    )
    for name, path in ICONS.items()
}
