from ergate import Ergate, Workflow

app = Ergate()
workflow = Workflow(unique_name="hello")


@workflow.step
def greet(name: str) -> str:
    return f"Hello {name}!"


@workflow.step
def shout(greeting: str) -> str:
    return greeting.upper()


@workflow.step
def say(text: str) -> int:
    print(text)
    return len(text)


app.register_workflow(workflow)

if __name__ == "__main__":
    job = app.enqueue("hello", "Ada")
    app.run(burst=True)
    job = app.get_job(job.id)
    print(f"{job.status}: {job.last_return_value} characters, {job.percent_completed} %")
