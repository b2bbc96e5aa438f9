from queue import Queue

from ergate import Ergate, Job, Workflow

queue: Queue[Job] = Queue()


class MyQueue:
    def get_one(self) -> Job:
        return queue.get()

    def put(self, job: Job) -> None:
        queue.put(job)


class MyStateStore:
    def update(self, job: Job) -> None:
        print(f"Updating {job.id}")


workflow = Workflow(unique_name="my_first_workflow")


@workflow.step
def say_hi() -> None:
    print("Hello world")


@workflow.step
def say_bye() -> None:
    print("Goodbye world")


app = Ergate(queue=MyQueue(), job_state_store=MyStateStore())
app.register_workflow(workflow)


if __name__ == "__main__":
    queue.put(Job(id=1, workflow_name="my_first_workflow"))
    app.run()
