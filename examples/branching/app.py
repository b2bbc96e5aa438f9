from ergate import (
    AbortJob,
    Ergate,
    ErgateSignal,
    GoToEnd,
    GoToEndPath,
    GoToStep,
    GoToStepPath,
    Job,
    NextStepPath,
    Workflow,
)

app = Ergate()
workflow = Workflow(unique_name="parcel")


@workflow.step(paths=[GoToStepPath("hand_over", retval=str), GoToEndPath(), NextStepPath()])
def weigh(grams: int) -> int:
    if grams <= 0:
        raise AbortJob(f"a parcel of {grams} g cannot be sent")
    if grams < 50:
        raise GoToStep(hand_over, retval="as a letter")
    if grams > 31_500:
        raise GoToEnd(retval="the customer brings it himself")
    return grams


@workflow.step
def pack(grams: int) -> int:
    return grams + 200


@workflow.step
def label(grams: int) -> str:
    return f"as a parcel of {grams} g"


@workflow.step
def hand_over(how: str) -> str:
    return f"sent {how}"


app.register_workflow(workflow)


@app.signal(ErgateSignal.JOB_RUN_END)
def show_progress(job: Job) -> None:
    print(f"  {job.status}, {job.steps_completed} done, {job.percent_completed:.0f} %")


def send(grams: int) -> None:
    print(f"{grams} g")
    job = app.enqueue("parcel", grams)
    app.run(burst=True)
    job = app.get_job(job.id)
    print(f"  {job.error.message if job.error else job.last_return_value}")


if __name__ == "__main__":
    for grams in (2_000, 20, 40_000, -1):
        send(grams)
