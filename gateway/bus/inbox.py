"""The bounded queue between the connection and one subscriber. No I/O."""

from __future__ import annotations

from collections import deque

from gateway.bus.events import Connected, Event, Gap, Lost, Message, Overflow


class Inbox:
    """Events in order, at most `size` messages among them. Connected, Lost and Gap are never dropped.

    They do not pile up either: a loss that brought no message since the one before is one loss to the reader.
    """

    def __init__(self, size: int, overflow: Overflow) -> None:
        if size < 1:
            raise ValueError("a queue needs room for a message")
        self._size = size
        self._overflow = overflow
        self._events: deque[Event] = deque()
        self._messages = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        if isinstance(event, Message):
            if self._messages >= self._size:
                self._make_room()
            self._messages += 1
        elif self._repeats(event):
            return
        self._events.append(event)

    def take(self) -> Event:
        """The next event; IndexError if there is none."""
        event = self._events.popleft()
        if isinstance(event, Message):
            self._messages -= 1
        return event

    def _repeats(self, event: Event) -> bool:
        """Whether the reader learns nothing from `event`. A second loss in a row also takes back the first Connected
        and Gap: they come again."""
        events = self._events
        if isinstance(event, Gap) and events and isinstance(events[-1], Gap):
            events[-1] = Gap(events[-1].dropped + event.dropped)
            return True
        if isinstance(event, Lost):
            before = len(events) - 1
            while before >= 0 and isinstance(events[before], Connected | Gap):
                before -= 1
            if before >= 0 and isinstance(events[before], Lost):
                while len(events) > before + 1:
                    events.pop()
                return True
        return False

    def _make_room(self) -> None:
        kept: deque[Event] = deque()
        gone = 0
        everything = self._overflow is Overflow.DROP_ALL
        while self._events and (everything or not gone):
            event = self._events.popleft()
            if isinstance(event, Message):
                gone += 1
            else:
                kept.append(event)
        self._messages -= gone
        self.dropped += gone
        # The gap stands where the messages were: in front of what is left, and after what came before them.
        if kept and isinstance(kept[-1], Gap):
            gap = kept.pop()
            gone += gap.dropped if isinstance(gap, Gap) else 0
        self._events.extendleft(reversed((*kept, Gap(gone))))
