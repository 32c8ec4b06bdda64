/// What an attack came to.
package struct AttackReport: Sendable {
    /// The attack's name.
    package let attack: String
    /// The seed that it follows from.
    package let seed: UInt64
    package let measures: [Measure]

    /// Whether every bound held.
    package var isHeld: Bool { measures.allSatisfy(\.isHeld) }

    /// One thing that was measured, and what it may be.
    package struct Measure: Sendable {
        package let what: String
        /// What it came to.
        package let value: Double
        /// What it may be.
        package let bound: Bound

        /// Whether the bound held.
        package var isHeld: Bool { bound.holds(for: value) }

        static func atLeast(_ bound: Double, _ what: String, _ value: Double) -> Measure {
            Measure(what: what, value: value, bound: .atLeast(bound))
        }

        static func atMost(_ bound: Double, _ what: String, _ value: Double) -> Measure {
            Measure(what: what, value: value, bound: .atMost(bound))
        }

        static func none(_ what: String, _ count: Int) -> Measure { .atMost(0, what, Double(count)) }
        static func noted(_ what: String, _ value: Double) -> Measure {
            Measure(what: what, value: value, bound: .none)
        }
    }

    /// What a measured value may be.
    package enum Bound: Sendable {
        /// No less than this.
        case atLeast(Double)
        /// No more than this.
        case atMost(Double)
        /// Anything: it is told for the record.
        case none

        func holds(for value: Double) -> Bool {
            switch self {
            case .atLeast(let bound): value >= bound
            case .atMost(let bound): value <= bound
            case .none: true
            }
        }
    }
}
