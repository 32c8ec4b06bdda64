/// The API: everything that a program can ask a node for.
package enum Operations {
    /// In the order of the OpenAPI description.
    static let all: [any AnyOperation] = [
        status, lookUp, store, withdraw, ping, connect, plan, pins, changePins, forget, unblock, backUp,
    ]
}
