from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from sqlalchemy.orm import mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    addresses: Mapped[list["Address"]] = relationship(back_populates="user")


class Address(Base):
    __tablename__ = "address"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    user: Mapped["User"] = relationship(back_populates="addresses")


engine = create_engine("sqlite://", echo=True)
Base.metadata.create_all(engine)

with Session(engine) as session:
    for name in ["ana", "rui", "eva"]:
        user = User(name=name)
        user.addresses.append(Address(email=f"{name}@example.org"))
        session.add(user)
    session.commit()

# One SELECT for the users, then one more for each of them.
session = Session(engine)
users = session.scalars(select(User).order_by(User.id)).all()
for user in users:
    print(user.name, [address.email for address in user.addresses])
