def protect(app, middleware):
    # ruleid: cors-any-origin-with-credentials
    app.add_middleware(middleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"])
    # ruleid: cors-any-origin-with-credentials
    app.add_middleware(middleware, allow_credentials=True, allow_origins=["*"])
