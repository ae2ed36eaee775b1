module example.com/shop/cart

go 1.23

require (
	github.com/gorilla/mux v1.8.1
	google.golang.org/grpc v1.66.0 // indirect
)

require example.com/single v0.1.0
