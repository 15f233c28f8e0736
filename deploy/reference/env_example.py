"""An environment file with every variable, commented out: a copy changes nothing until a line is uncommented."""

from deploy.reference.described_settings import DescribedSetting, described_groups

_INTRODUCTION = """\
# Every variable that Icecube reads, with its default. Copy this file to .env and uncomment the lines to change.
# Written by `python -m deploy.reference` from common/settings; change it there.
"""


def env_example() -> str:
    """Return the file."""
    sections = [
        f"\n# --- {group}: {about}\n" + "".join(map(_lines, settings)) for group, about, settings in described_groups()
    ]
    return _INTRODUCTION + "".join(sections)


def _lines(setting: DescribedSetting) -> str:
    secret = " Secret." if setting.is_secret else ""
    return f"\n# {setting.description}{secret} ({setting.values})\n# {setting.variable}={setting.default}\n"
