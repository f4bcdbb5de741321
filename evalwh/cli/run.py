"""`evalwh run`: generate and score."""

import typer

from evalwh.cli import run_flags as flags
from evalwh.cli.options import DEFAULT_DB, OptionNames
from evalwh.cli.run_words import RunCommand


def register(app: typer.Typer) -> None:
    app.command(cls=RunCommand, context_settings=OptionNames)(run)


def run(
    ctx: typer.Context,
    tasks: flags.Tasks = None,
    include_path: flags.IncludePath = None,
    data_dir: flags.DataDir = None,
    prompts: flags.Prompts = None,
    limit: flags.Limit = None,
    samples: flags.Samples = None,
    repeats: flags.Repeats = None,
    num_fewshot: flags.NumFewshot = None,
    fewshot_as_multiturn: flags.FewshotAsMultiturn = None,
    apply_chat_template: flags.ApplyChatTemplate = None,
    system_instruction: flags.SystemInstruction = None,
    seed: flags.Seed = None,
    skip_train: flags.SkipTrain = False,
    skip_eval: flags.SkipEval = False,
    predict_only: flags.PredictOnly = False,
    confirm_run_unsafe_code: flags.ConfirmRunUnsafeCode = False,
    metadata: flags.Metadata = "",
    model: flags.Model = "litellm",
    model_name: flags.ModelName = None,
    model_args: flags.ModelArgs = "",
    gen_kwargs: flags.GenKwargs = "",
    batch_size: flags.BatchSize = None,
    device: flags.Device = None,
    judge: flags.Judge = None,
    judge_args: flags.JudgeArgs = "",
    num_concurrent: flags.NumConcurrent = None,
    rpm: flags.Rpm = None,
    tpm: flags.Tpm = None,
    max_retries: flags.MaxRetries = None,
    timeout: flags.Timeout = None,
    budget_usd: flags.BudgetUsd = None,
    use_cache: flags.UseCache = None,
    config: flags.Config = None,
    resume: flags.Resume = None,
    estimate: flags.Estimate = False,
    sweep: flags.Sweep = None,
    run_id: flags.RunId = None,
    tag: flags.Tag = None,
    output_path: flags.OutputPath = None,
    log_samples: flags.LogSamples = False,
    db: flags.Db = DEFAULT_DB,
) -> None:
    """Ask models the docs of tasks, store every reply and score it."""
    given = {name: value for name, value in locals().items() if name != "ctx"}
    from evalwh.cli.given_options import given_runs
    from evalwh.cli.screening import carry_out_all

    carry_out_all(given_runs(ctx, given))
