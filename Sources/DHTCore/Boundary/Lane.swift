/// Whose work something is.
///
/// Whoever does a node's work does what is for strangers only while nothing else waits. So the packets, reads and answers
/// of contacts do not wait behind a flood. Contacts cannot keep strangers waiting for long: each has ten requests in five
/// seconds.
public enum Lane: Hashable, Sendable, CaseIterable {
    /// The node's own work, that of its contacts, and answers that it waits for.
    case known
    /// The work of everybody else.
    case strangers
}

extension Input {
    /// The lane of what follows from the input.
    public var lane: Lane {
        switch self {
        case .signaturesChecked(let id, _), .entriesLoaded(let id, _, _), .loadFailed(let id, _),
            .commitCompleted(let id, _):
            id.lane
        case .datagramReceived, .bansChanged, .dueKeysListed, .republishableLoaded, .tokenSecretDrawn,
            .trackersResolved,
            .commandIssued, .timerFired:
            .known
        }
    }
}

/// Work that waits to be done, in two lanes, each in the order in which it came.
package struct LaneQueue<Element: Sendable>: Sendable {
    private var known = Waiting()
    private var strangers = Waiting()

    private struct Waiting: Sendable {
        var elements: [Element?] = []
        var head = 0

        mutating func takeFirst() -> Element? {
            guard head < elements.count else { return nil }
            defer {
                elements[head] = nil
                head += 1
                if head == elements.count || head >= 1024 {
                    elements.removeFirst(head)
                    head = 0
                }
            }
            return elements[head]
        }
    }

    /// An empty queue.
    package init() {}

    /// Adds work at the end of a lane.
    package mutating func add(_ element: Element, to lane: Lane) {
        switch lane {
        case .known: known.elements.append(element)
        case .strangers: strangers.elements.append(element)
        }
    }

    /// Takes the work that is to be done next; `nil` if none waits.
    package mutating func takeNext() -> Element? { known.takeFirst() ?? strangers.takeFirst() }
}
