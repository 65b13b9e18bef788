/// What can be read of a JSON value, be it a tree or a place in a text, so that code which looks
/// for fields is written once.
public protocol JSONReadable: Sendable {
    var kind: JSONKind { get }
    /// The value as a tree.
    var value: JSONValue { get }
    /// Several members of an object, in the order of the keys asked for.
    func members(_ keys: JSONKeys) -> [Self?]
    /// The member of that name; nil where this is no object or has no such member.
    subscript(key: String) -> Self? { get }
    /// The element at that place; nil where this is no array or has no such place.
    subscript(index: Int) -> Self? { get }
}

extension JSONSlice: JSONReadable {}

extension JSONValue: JSONReadable {
    public var value: JSONValue { self }

    public func members(_ keys: JSONKeys) -> [JSONValue?] { keys.names.map { self[$0] } }
}
