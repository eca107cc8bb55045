/// A part of a list, and where the next part begins.
public struct ListPage<Element: Sendable>: Sendable {
    public var items: [Element]
    /// For the same call again; nil when there is nothing behind this.
    public var next: Mark?

    /// A place in a list, as the server said it. What has changed since then is at its new place.
    public struct Mark: Sendable, Hashable {
        let path: String
    }
}

extension ListPage: Equatable where Element: Equatable {}
extension ListPage: Hashable where Element: Hashable {}
