import JSON
import Testing

@Suite struct JSONObjectTests {
    @Test func membersKeepTheirOrder() throws {
        let text = #"{"z":1,"a":2,"m":3,"10":4,"2":5}"#
        #expect(try JSONValue(parsing: text).text() == text)
    }

    @Test func ofTwoEqualKeysTheLastValueStandsAtTheFirstPlace() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#).text() == #"{"a":3,"b":2}"#)
    }

    @Test func textsAreChangedWhereverTheyStand() throws {
        let value = try JSONValue(parsing: #"{"a":["a",{"ba":"ca"},1,11,true,null],"x":"y"}"#)
        #expect(
            value.mappingTexts { $0.replacing("a", with: "*").replacing("11", with: "-") }.text()
                == #"{"*":["*",{"b*":"c*"},1,"-",true,null],"x":"y"}"#)
        #expect(value.mappingTexts { $0 } == value)
    }

    @Test func settingRemovingAndAppending() {
        var object: JSONObject = ["a": 1, "b": 2, "c": 3]
        object["b"] = 20
        object["d"] = 4
        object["a"] = nil
        object["c"] = JSONValue.null
        object["x"] = nil
        #expect(JSONValue.object(object).text() == #"{"b":20,"c":null,"d":4}"#)
        #expect(object.removeValue(forKey: "b") == 20)
        #expect(object.removeValue(forKey: "b") == nil)
        #expect(object.keys == ["c", "d"])
        #expect(object.contains("c") && !object.contains("b"))
    }

    /// Keys that are one text to Unicode, and any number of them: none is compared with all the others.
    @Test func keysThatUnicodeCallsEqualAreReadAsOthersAre() throws {
        let marks = ["\u{334}", "\u{31b}", "\u{315}", "\u{327}", "\u{323}", "\u{300}", "\u{345}", "\u{35c}"]
        var orders: [[String]] = [[]]
        for mark in marks {
            orders = orders.flatMap { order in
                (0...order.count).map { Array(order[..<$0]) + [mark] + Array(order[$0...]) }
            }
        }
        let members = orders.enumerated().map { #""a\#($1.joined())":\#($0)"# }.joined(separator: ",")
        let object = try #require(try JSONValue(parsing: "{\(members)}").objectValue)
        #expect(object.count == orders.count && orders.count == 40320)
        for (place, order) in orders.enumerated() where place % 1000 == 7 {
            #expect(object["a\(order.joined())"] == .number(JSONNumber(place)))
        }
    }

    /// Small and large objects look keys up in different ways.
    @Test(arguments: [1, 15, 16, 17, 18, 200])
    func looksUpInObjectsOfAnySize(count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["key \(number)"] = .number(JSONNumber(number)) }
        for number in 0..<count { #expect(object["key \(number)"]?.intValue == number) }
        #expect(object["key \(count)"] == nil)
        object["key 0"] = nil
        object["new"] = true
        #expect(object["key 0"] == nil)
        for number in 1..<max(1, count) { #expect(object["key \(number)"]?.intValue == number) }
        #expect(object.count == count)
        #expect(object.keys.last == "new")
    }

    @Test(.timeLimit(.minutes(20)))
    func aHugeObjectIsReadInReasonableTime() throws {
        let text = "{" + (0..<200_000).map { "\"\($0)\":0" }.joined(separator: ",") + ",\"0\":1}"
        let object = try #require(try JSONValue(parsing: text).objectValue)
        #expect(object.count == 200_000)
        #expect(object["0"] == 1)
    }

    @Test func keysAreToldApartByTheirBytes() throws {
        let value = try JSONValue(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value.objectValue?.count == 2)
        #expect(value["e\u{301}"] == 2)
        #expect(value["\u{E9}"] == 1)
    }

    @Test func equalityIgnoresOrder() {
        let one: JSONObject = ["a": 1, "b": ["x": 1, "y": 2]]
        let other: JSONObject = ["b": ["y": 2, "x": 1], "a": 1]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one != ["a": 1])
        #expect(one != ["a": 1, "b": 2])
        #expect((["a": 1, "c": .null] as JSONObject) != ["a": 1, "b": .null])
    }

    @Test func accessorsAnswerOnlyForTheirKind() throws {
        let value = try JSONValue(parsing: #"{"s":"true","b":true,"n":1,"a":[1,null],"z":null}"#)
        #expect(value["s"]?.stringValue == "true" && value["s"]?.boolValue == nil)
        #expect(value["b"]?.boolValue == true && value["b"]?.stringValue == nil)
        #expect(value["n"]?.intValue == 1 && value["n"]?.arrayValue == nil)
        #expect(
            value["a"]?[0] == 1 && value["a"]?[1] == JSONValue.null && value["a"]?[2] == nil && value["a"]?[-1] == nil)
        #expect(value["z"] == JSONValue.null && value["missing"] == nil && value[0] == nil)
        #expect(value["s"]?["x"] == nil)
    }
}
