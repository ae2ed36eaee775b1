"""CopilotKit: set-up, hooks, context, approvals, layouts."""
