from ergate import Ergate, Workflow

app = Ergate("journal:///orders.journal")
workflow = Workflow(unique_name="order")


@workflow.step
def charge(order: int) -> str:
    return f"order {order} is paid"


@workflow.step
def ship(paid: str) -> None:
    print(f"{paid}, and shipped")


app.register_workflow(workflow)

if __name__ == "__main__":
    app.enqueue_many("order", [1, 2, 3])
    app.run(burst=True)
