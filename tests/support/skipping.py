"""An event loop for tests of what takes long."""

import asyncio


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    _ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def skip(self, seconds: float) -> None:
        """Put the clock forward, in the thread of the loop."""
        self._ahead += seconds

    def skip_threadsafe(self, seconds: float) -> None:
        """Put the clock forward from another thread, after what is under way."""
        self.call_soon_threadsafe(self.skip, seconds)
