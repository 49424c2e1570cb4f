"""glckit demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.app import DigitsOption, FormatOption, JsonOption, app, say, show
from glckit.cli.parameters import argument, flag, option


@app.command(short_help="Play the whole story on a small world.", again="The same command goes on from here.")
def demo(
    folder: Annotated[Path, argument("DIR", "A new folder for it.")] = Path("demo"),
    quick: Annotated[bool, flag("Every step in under a minute, too small to learn much.", "--quick")] = False,
    seed: Annotated[int, option("N", "Of the world, the models and the damage.", min=0, max=2**32 - 1)] = 0,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Play the whole story: a competition, a forest and a network, damaged patches, repair, late fusion.

    Every step is a glckit command, shown as it could be typed. The folder is left for trying them. A demo
    that was stopped goes on when it is called again.
    """
    from glckit.demo.report import next_steps, story_report
    from glckit.demo.scale import QUICK, Scale
    from glckit.demo.story import tell_story

    story = tell_story(folder, QUICK if quick else Scale(), seed=seed, tell=say)
    say("")
    show(story_report(story, digits=digits), form, as_json=as_json, digits=digits)
    if quick:
        say("\nSo small a world tells little of the models: leave --quick out for that.")
    say("\nTry next:\n" + "\n".join(f"  {step}" for step in next_steps(folder)))
