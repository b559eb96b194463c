"""What a voice is given of a written text."""

import pytest

from antiphon.processors.sentences.spoken import say_plainly


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1. *Tea* at [our shop](https://shop.example/tea).", "1. Tea at our shop."),
        ("See [this page](https://w.example/Tea_(drink) 'Tea') now.", "See this page now."),
        ("![a cup](cup.png) It is **hot**, __very__ `hot`.", "a cup It is hot, very hot."),
        ("## Our hours\n- Mon: 9 to 5\n- Tue: closed", "Our hours\nMon: 9 to 5\nTue: closed"),
        (
            "Write to <mailto:a@b.example> or <https://b.example/x>.",
            "Write to a@b.example or b.example/x.",
        ),
        ("Go to https://www.example.com/a today.", "Go to example.com/a today."),
        ("See [the guide][1].\n\n[1]: https://x.example/g", "See [the guide].\n"),
        ("| Size | Price |\n|---|---|\n| S | $3 |", " Size ,  Price \n S ,  $3 "),
        # Emoji, alone, in a row, with colours, flags and keys
        ("Done! 🎉", "Done!"),
        ("Good 👍🏽 then 👨‍👩‍👧 go 🇫🇷❤️.", "Good then go."),
        ("Press 1️⃣ or 2️⃣.", "Press 1 or 2."),
        ("Stars★ and ✨magic✨.", "Stars and magic."),
        # Halves of what was cut in the middle
        ("Look at [our very long list", "Look at our very long list"),
        ("of teas](https://x.example/a) there.", "of teas there."),
        ("This is **very important", "This is very important"),
        ("and urgent** today.", "and urgent today."),
        # What is said stays.
        ("Press * then #, or 2*3 = 6, or 2 ** 3.", "Press * then #, or 2*3 = 6, or 2 ** 3."),
        (
            "Open snake_case_name.py [maybe] and 3-4 more.",
            "Open snake_case_name.py [maybe] and 3-4 more.",
        ),
        (
            "<break time='1s'/> Hold on. [laughs] Well.",
            "<break time='1s'/> Hold on. [laughs] Well.",
        ),
        ("می‌خواهم क्‍ष 你好。", "می‌خواهم क्‍ष 你好。"),
        ("It costs $5 - $7, 10°C → 12°C.", "It costs $5 - $7, 10°C → 12°C."),
    ],
)
async def test_markup_link_targets_and_emoji_are_not_said(written: str, said: str) -> None:
    assert await say_plainly(written, "sentence") == said
