"""The options of `evalwh run`: type, words and help of each, by the panel that it stands in."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from evalwh.hints import DB_VARIABLE
from evalwh.location import located

DATA_VARIABLE = "EVALWH_DATA_DIR"
_ask = partial(typer.Option, rich_help_panel="What to ask")
_whom = partial(typer.Option, rich_help_panel="Whom to ask")
_how = partial(typer.Option, rich_help_panel="How to ask")
_judge = partial(typer.Option, rich_help_panel="Who judges")
_after = partial(typer.Option, rich_help_panel="What comes of it")

Tasks = Annotated[
    str | None, _ask(metavar="A,B", help="Name tasks, benchmarks, lm-eval's tasks, or paths.")
]
IncludePath = Annotated[
    list[Path] | None, _ask(metavar="PATH", help="Find tasks in a folder, metrics in a file.")
]
DataDir = Annotated[
    Path | None,
    _ask(metavar="DIR", envvar=DATA_VARIABLE, help="Read the benchmarks' data in a folder."),
]
Prompts = Annotated[str | None, _ask(metavar="A,B", help="Choose prompts; all by default.")]
Limit = Annotated[
    float | None,
    _ask(metavar="N", help="Ask the first docs of each dataset; below 1 a share of them."),
]
Samples = Annotated[
    str | None,
    _ask(
        metavar="JSON|FILE",
        help="Ask only these docs, counted from 0, as '{\"task\": [0, 3]}'; a task that isn't "
        "named there is asked whole.",
    ),
]
Repeats = Annotated[
    int | None, _ask(metavar="N", min=1, help="Ask each doc so often; the task says it.")
]
NumFewshot = Annotated[int | None, _ask(metavar="N", min=0, help="Show so many examples.")]
FewshotAsMultiturn = Annotated[
    str | None, _ask(metavar="[BOOL]", help="Show examples as turns of a chat.")
]
ApplyChatTemplate = Annotated[
    str | None, _ask(metavar="[BOOL|NAME]", help="Have text models asked by their template.")
]
SystemInstruction = Annotated[
    str | None, _ask(metavar="TEXT", help="Begin with this system message.")
]
Seed = Annotated[str | None, _ask(metavar="INT", help="Seed sampling and examples.")]
SkipTrain = Annotated[bool, _ask("--skip-train", help="Leave the train split out.")]
SkipEval = Annotated[bool, _ask("--skip-eval", help="Ask the train split alone.")]
PredictOnly = Annotated[bool, _ask("--predict-only", help="Store responses, score nothing.")]
ConfirmRunUnsafeCode = Annotated[
    bool, _ask("--confirm-run-unsafe-code", help="Allow to run code that models wrote.")
]
Metadata = Annotated[
    str,
    _ask(
        metavar="K=V,K=V|JSON",
        help="Tell lm-eval's tasks so, over the model's arguments: max_seq_lengths=[4096].",
    ),
]
Model = Annotated[
    str,
    _whom(
        metavar="KIND",
        help="Choose the kind: litellm, openai, curator, local, recorded, a provider of "
        "LiteLLM, or a model of lm-eval such as hf.",
    ),
]
ModelName = Annotated[
    str | None, _whom(metavar="A,B", help="Name models as the provider calls them.")
]
ModelArgs = Annotated[
    str, _whom(metavar="K=V,K=V", help="Set the model up: api_base=URL,api_key_env=NAME.")
]
GenKwargs = Annotated[
    str, _whom(metavar="K=V,K=V", help="Sample so: temperature=0,max_tokens=256.")
]
BatchSize = Annotated[
    str | None,
    _whom(metavar="INT|auto", help="Ask so many at once, as a batch where the model takes one."),
]
Device = Annotated[str | None, _whom(metavar="NAME", help="Compute on cpu, cuda, cuda:0 or mps.")]
Judge = Annotated[str | None, _judge(metavar="MODEL", help="Name the model that judges.")]
JudgeArgs = Annotated[
    str, _judge(metavar="K=V,K=V", help="Set the judge up: model=openai,api_base=URL.")
]
NumConcurrent = Annotated[
    int | None,
    _how(
        "--num-concurrent",
        "--parallelism",
        metavar="N",
        min=1,
        help="Keep so many requests in flight; 16 by default.",
    ),
]
Rpm = Annotated[float | None, _how(metavar="N", min=0.001, help="Send at most so many a minute.")]
Tpm = Annotated[
    float | None, _how(metavar="N", min=0.001, help="Use at most so many tokens a minute.")
]
MaxRetries = Annotated[
    int | None, _how(metavar="N", min=0, help="Retry a request so often; 5 by default.")
]
Timeout = Annotated[
    float | None, _how(metavar="SECONDS", min=0.001, help="Wait so many seconds; 600 by default.")
]
BudgetUsd = Annotated[float | None, _how(metavar="USD", min=0, help="Stop before this is passed.")]
UseCache = Annotated[
    str | None, _how(metavar="[DIR]", help="Reuse the warehouse's responses to identical requests.")
]
Config = Annotated[
    list[Path] | None, _how(metavar="FILE", help="Read options, or several runs, of a YAML file.")
]
Resume = Annotated[str | None, _how(metavar="RUN", help="Go on with a run: ask what is missing.")]
Estimate = Annotated[bool, _how("--estimate", help="Print tokens and cost, ask nothing.")]
Sweep = Annotated[
    str | None, _how(metavar="K=V,V", help="Run once for each value: num_concurrent=1,4,8.")
]
RunId = Annotated[str | None, _after(metavar="ID", help="Call the new run so.")]
Tag = Annotated[list[str] | None, _after(metavar="K=V", help="Tag the run, repeatably.")]
OutputPath = Annotated[
    Path | None, _after(metavar="FILE", help="Write lm-eval's results to a JSON file.")
]
LogSamples = Annotated[bool, _after("--log-samples", help="Write lm-eval's samples too.")]
Db = Annotated[
    Path,
    _after(
        "--db",
        metavar="FILE",
        envvar=DB_VARIABLE,
        help="Keep it in this warehouse.",
        show_default=True,
        callback=located,
    ),
]
