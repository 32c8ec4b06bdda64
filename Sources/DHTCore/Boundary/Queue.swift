/// Elements that are taken in the order in which they were added.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    /// Where the first one is; before it, there are only empty places.
    private var head = 0

    /// So many empty places may be left before the others move up.
    private static var emptyMax: Int { 1024 }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func takeFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            elements[head] = nil
            head += 1
            if head == elements.count || head >= Queue.emptyMax {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }
}
