from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)

first = User(email="ana@example.org")
session.add(first)
session.commit()

second = User(email="ana@example.org")
session.add(second)
try:
    session.commit()
except IntegrityError as error:
    print("refused:", error.orig)
    session.rollback()

second.email = "rui@example.org"
session.add(second)
