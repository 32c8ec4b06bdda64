/// The result of an attack.
package struct AttackReport: Sendable {
    /// The attack's name.
    package let attack: String
    package let seed: UInt64
    package let measures: [Measure]

    /// Whether every bound held.
    package var isHeld: Bool { measures.allSatisfy(\.isHeld) }

    /// A measured value and its bound.
    package struct Measure: Sendable {
        package let what: String
        package let value: Double
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

    /// The bound of a measured value.
    package enum Bound: Sendable {
        /// No less than this.
        case atLeast(Double)
        /// No more than this.
        case atMost(Double)
        /// No bound: the value is only reported.
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
