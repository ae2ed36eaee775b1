; Added to typescript.scm for the TSX grammar, the only one that knows these nodes.
(jsx_opening_element name: (identifier) @tag)
(jsx_self_closing_element name: (identifier) @tag)
(jsx_closing_element name: (identifier) @closing)
(jsx_closing_element name: (member_expression (property_identifier) @closing))
(jsx_text) @jsx
(jsx_opening_element) @jsx @element
(jsx_self_closing_element) @jsx @element
