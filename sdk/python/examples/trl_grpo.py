"""GRPO with TRL: a model of a few thousand weights learns to say yes. Needs no GPU and downloads nothing.

python examples/trl_grpo.py
torchrun --nproc-per-node 2 examples/trl_grpo.py
"""

from __future__ import annotations

import tempfile
from typing import Any

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, set_seed
from trl import GRPOConfig, GRPOTrainer

from gauntlet.integrations.trl import GauntletCallback, watch_rewards

WORDS = [
    "<pad>",
    "<eos>",
    "yes",
    "no",
    "maybe",
    "is",
    "the",
    "sky",
    "blue",
    "grass",
    "green",
    "water",
    "wet",
    "?",
]
QUESTIONS = ["is the sky blue ?", "is grass green ?", "is water wet ?", "is the grass green ?"]


def contains_yes(completions: list[str], **_: Any) -> list[float]:
    """1 where the answer contains a yes."""
    return [float("yes" in completion.split()) for completion in completions]


def brief(completions: list[str], **_: Any) -> list[float]:
    """A little is lost for each word."""
    return [-0.1 * len(completion.split()) for completion in completions]


def tiny_policy() -> dict[str, Any]:
    """A model and its tokenizer, made here."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    config = GPT2Config(
        vocab_size=len(WORDS), n_positions=32, n_embd=16, n_layer=2, n_head=2,
        bos_token_id=1, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return {
        "model": GPT2LMHeadModel(config),
        "processing_class": PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", padding_side="left"
        ),
    }


def trainer(steps: int, callback: GauntletCallback) -> GRPOTrainer:
    """What trains it: the two lines are the last two."""
    arguments = GRPOConfig(
        output_dir=tempfile.mkdtemp(), max_steps=steps, per_device_train_batch_size=8, num_generations=4,
        max_completion_length=6, reward_weights=[1.0, 0.5], learning_rate=1e-3, logging_steps=1,
        use_cpu=True, bf16=False, report_to=[], save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    return GRPOTrainer(
        **tiny_policy(),
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": q, "subject": q.split()[-2]} for q in QUESTIONS]),
        reward_funcs=watch_rewards([contains_yes, brief]),
        callbacks=[callback],
    )


def main(steps: int = 3) -> str:
    """Trains, and returns the run's id."""
    set_seed(7)
    callback = GauntletCallback(project="examples", name="trl grpo")
    trainer(steps, callback).train()
    assert callback.run is not None
    print(callback.run.url)
    return callback.run.id


if __name__ == "__main__":
    main()
