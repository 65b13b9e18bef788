import Testing

@testable import OCIRegistry

@Suite struct AuthenticateChallengeTests {
    static let table: [(field: String, expected: [AuthenticateChallenge])] = [
        ("Basic realm=\"x\"", [.init(scheme: "basic", parameters: ["realm": "x"])]),
        ("basic", [.init(scheme: "basic", parameters: [:])]),
        (
            "Bearer realm=\"https://auth.example/token\",service=\"registry\",scope=\"repository:a/b:pull\"",
            [
                .init(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token", "service": "registry", "scope": "repository:a/b:pull",
                    ])
            ]
        ),
        (
            "Negotiate, Basic realm=\"a, b=c\", charset=UTF-8 , Bearer realm = \"y\"",
            [
                .init(scheme: "negotiate", parameters: [:]),
                .init(scheme: "basic", parameters: ["realm": "a, b=c", "charset": "UTF-8"]),
                .init(scheme: "bearer", parameters: ["realm": "y"]),
            ]
        ),
        ("BEARER REALM=\"q\\\"uote\"", [.init(scheme: "bearer", parameters: ["realm": "q\"uote"])]),
        ("Bearer realm=\"one\", realm=\"two\"", [.init(scheme: "bearer", parameters: ["realm": "one"])]),
        ("Bearer realm=", [.init(scheme: "bearer", parameters: [:])]),
        ("Bearer realm=\"never ends", [.init(scheme: "bearer", parameters: [:])]),
        (", ,Basic realm=x,,", [.init(scheme: "basic", parameters: ["realm": "x"])]),
        ("", []), ("=", []), ("\"", []), (" , ", []), ("\u{0}", []), ("Ümlaut", []),
    ]

    @Test(arguments: table)
    func fieldsAreRead(field: String, expected: [AuthenticateChallenge]) {
        #expect(AuthenticateChallenge.read(field) == expected)
    }

    @Test func anEndlessFieldEnds() {
        let field = String(repeating: "Basic realm=\"x\", ", count: 100_000)
        #expect(AuthenticateChallenge.read(field).count < 2000)
    }
}
