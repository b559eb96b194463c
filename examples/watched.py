"""Any call, watched by Whisker, Pipecat's debugger, and by Tail, its dashboard in a terminal.

`PIPECAT_SETUP_FILES=examples/watched.py python examples/bot.py -t webrtc`; needs
`pip install pipecat-ai-whisker pipecat-ai-tail`. See docs/pipecat/observers.md.
"""

from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner
from pipecat_tail.observer import TailObserver  # pyright: ignore[reportMissingImports]
from pipecat_whisker import WhiskerServer  # pyright: ignore[reportMissingImports]

whisker: WhiskerServer


async def setup_worker_runner(runner: WorkerRunner) -> None:
    global whisker
    whisker = WhiskerServer()
    await runner.add_workers(whisker)


async def setup_pipeline_worker(worker: PipelineWorker) -> None:
    worker.add_observer(whisker.create_observer(worker))
    # Were it among `observers=`, Pipecat would take it for the client's, who then had none.
    worker.add_observer(TailObserver())

    @worker.event_handler("on_pipeline_finished")
    async def leave(*_: object) -> None:
        await whisker.end()
