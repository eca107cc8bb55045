// Stand-ins until the service floor is written.
public final class Kernel: Sendable {}
public struct Signal: Sendable {}
