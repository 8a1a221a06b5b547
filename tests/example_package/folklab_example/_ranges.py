"""What both questions read: pages of a range that have memory of their own."""

from harness.claims import Pages, Quantity


def taken(range_name: str, title: str) -> Quantity:
    return Pages("after", range_name, "anonymous").called(title)
