; What the TypeScript extractor looks at, wherever it stands in a file. Definitions are read from the
; top-level nodes themselves; this query finds everything below them.

; Uses of names. Where they are definitions instead, @local or the extractor takes them out.
(identifier) @name
(shorthand_property_identifier) @name
(type_identifier) @type
(member_expression property: (property_identifier) @member)
(shorthand_property_identifier_pattern) @taken
(pair_pattern key: (property_identifier) @member)
(nested_type_identifier name: (type_identifier) @member)
(subscript_expression index: (string (string_fragment) @key))

; Names that a function makes for itself.
(variable_declarator name: (identifier) @local)
(required_parameter pattern: (identifier) @local)
(optional_parameter pattern: (identifier) @local)
(pair_pattern value: (identifier) @local)
(array_pattern (identifier) @local)
(rest_pattern (identifier) @local)
(object_assignment_pattern left: (shorthand_property_identifier_pattern) @local)
(arrow_function parameter: (identifier) @local)
(catch_clause parameter: (identifier) @local)
(for_in_statement left: (identifier) @local)
(function_declaration name: (identifier) @local)
(type_parameter name: (type_identifier) @local)

(string (string_fragment) @string)
(comment) @comment
(decorator) @decorator
(call_expression function: (import)) @dynamic
(throw_statement) @throw

; What code does.
[(call_expression) (new_expression)] @call
(await_expression) @await
(variable_declarator) @declarator
(assignment_expression) @assignment
(return_statement) @return
(catch_clause) @catch
(enum_declaration) @enum
(interface_declaration) @interface
[
  (arrow_function)
  (function_expression)
  (function_declaration)
  (generator_function)
  (generator_function_declaration)
  (method_definition)
] @function
