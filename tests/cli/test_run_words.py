"""Command lines of lm-eval and Evalchemy, put as ours before they are read."""

import pytest

from evalwh.cli.run_words import our_words

VALUED = {
    *("tasks", "model", "model_args", "gen_kwargs", "apply_chat_template", "use_cache", "limit"),
    *(
        "samples",
        "metadata",
        "seed",
        "batch_size",
        "judge",
        "num_fewshot",
        "system_instruction",
        "output_path",
        "tag",
    ),
}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("--tasks a b,c --limit 3", "--limit 3 --tasks a,b,c"),
        ("--tasks a --tasks b", "--tasks b"),
        ("--model_args a=1 b=2 --model-args c=3", "--model_args a=1,b=2,c=3"),
        ("--apply_chat_template --limit 3", "--apply_chat_template True --limit 3"),
        ("--apply_chat_template False", "--apply_chat_template False"),
        ("--apply-chat-template=chatml", "--apply_chat_template chatml"),
        ("--use_cache", "--use_cache True"),
        ("--use_cache dir --limit 3", "--use_cache dir --limit 3"),
        ("--seed -1 --limit 3", "--seed -1 --limit 3"),
        ("--limit=3 --predict_only", "--limit=3 --predict_only"),
        (
            "-M hf -t a b -b 8 -L 5 -x",
            "--model hf --batch_size 8 --limit 5 --predict_only --tasks a,b",
        ),
        ("--annotator_model gpt-4o --max_tokens 9", "--judge gpt-4o --gen_kwargs max_tokens=9"),
        ("--gen_kwargs temperature=0 --max_tokens=9", "--gen_kwargs temperature=0,max_tokens=9"),
        ("--trust_remote_code --limit 3", "--limit 3 --model_args trust_remote_code=True"),
        ("--system_instruction --tasks --limit 3", "--system_instruction --tasks --limit 3"),
        ("-E docs.json --limit 3", "--samples docs.json --limit 3"),
        ("--metadata a=1 b=[4] --limit 3", "--limit 3 --metadata a=1,b=[4]"),
        ('--metadata={"a":1} --metadata b=2', '--metadata {"a":1},b=2'),
        ("--debug --tasks a", "--limit 2 --tasks a"),
        ("--limit 3 --debug", "--limit 2 --limit 3"),
        ("--limt 3", "--limt 3"),
        ("--tasks", "--tasks"),
    ],
)
def test_words_of_theirs_are_put_as_ours(theirs: str, ours: str) -> None:
    assert our_words(theirs.split(), VALUED) == ours.split()


def test_what_means_nothing_here_is_left_out_with_a_note(
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = "--verbosity DEBUG -v INFO --wandb_args project=x a=b --limit 3"
    words = our_words(theirs.split(), VALUED)
    notes = [
        "evalwh: note: --verbosity: has no meaning here; set LOGLEVEL in the environment",
        "evalwh: note: -v: has no meaning here; set LOGLEVEL in the environment",
        "evalwh: note: --wandb_args: has no meaning here; nothing is uploaded",
    ]
    assert (words, capsys.readouterr().err.splitlines()) == (["--limit", "3"], notes)
